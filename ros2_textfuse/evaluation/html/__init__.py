"""HTML of the reports: templates and charts."""
