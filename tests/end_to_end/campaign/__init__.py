"""The fault campaign: what rigs do to a fusion node. It says so, publishes nothing wrong meanwhile, and recovers.

Each test is one fault. Inside `with rig.fault(...)` it says what status and diagnostics must say; leaving the block
waits until pairs are fused again and holds every image that was published against what the cameras had sent.
`make test` runs one fault of each kind; what is marked `campaign` is for `make campaign`, at night.
"""
