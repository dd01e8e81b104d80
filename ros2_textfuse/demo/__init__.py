"""What `textfuse demo` shows: a node that watches the graph, and the sheets and videos that it records."""
