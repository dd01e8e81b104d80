"""Two cameras as a stranger's driver: a process that knows nothing of textfuse, its helpers or its DDS profile.

    python plain_cameras.py RATE SECONDS reliable|best_effort WIDTH HEIGHT

It prints how many images of each camera it has sent.
"""

import array
import random
import sys
import time

import rclpy
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

rate, seconds, reliability, width, height = sys.argv[1:]
qos = QoSProfile(depth=10, reliability=ReliabilityPolicy[reliability.upper()])
rclpy.init()
node = rclpy.create_node("driver")
cameras = {}
for name, encoding, channels in (("visible", "rgb8", 3), ("thermal", "mono8", 1)):
    message = Image(height=int(height), width=int(width), encoding=encoding, step=int(width) * channels)
    data = random.Random(0).randbytes(message.step * message.height)
    message.data = array.array("B", data)
    cameras[name] = node.create_publisher(Image, f"/{name}/image_raw", qos), message
deadline = time.monotonic() + 20
while time.monotonic() < deadline and not all(p.get_subscription_count() for p, _ in cameras.values()):
    time.sleep(0.05)
time.sleep(1.0)
count = round(float(rate) * float(seconds))
start = time.monotonic()
for number in range(count):
    time.sleep(max(0.0, start + number / float(rate) - time.monotonic()))
    stamp = node.get_clock().now().to_msg()
    for publisher, message in cameras.values():
        message.header.stamp = stamp
        message.data[number % 1000] ^= 255
        publisher.publish(message)
time.sleep(2.0)
print(count, flush=True)
node.destroy_node()
rclpy.shutdown()
