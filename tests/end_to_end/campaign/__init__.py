"""The fault campaign: what a rig does to the fusion node, and that the node says so, publishes nothing wrong, and recovers.

Each test is one fault. Inside `with rig.fault(...)` it says what status and diagnostics must say; leaving the block
waits until pairs are fused again and holds every picture that was published against what the cameras had sent.
"""
