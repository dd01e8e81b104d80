"""What the nodes share: start and end, parameters, a worker, QoS and topic checks."""
