"""swift_rings.py - the rings of test/servers/swift, one device each.

    swift_rings.py DIR DEVICE NAME:PORT...

What nine calls of swift-ring-builder would do in eight seconds.
"""
import sys

from swift.common.ring import RingBuilder

PART_POWER, REPLICAS, MIN_PART_HOURS = 1, 1, 0


def make_ring(directory, device, name, port):
    builder = RingBuilder(PART_POWER, REPLICAS, MIN_PART_HOURS)
    builder.add_dev({'id': 0, 'region': 1, 'zone': 1, 'weight': 1,
                     'ip': '127.0.0.1', 'port': port, 'device': device,
                     'replication_ip': '127.0.0.1', 'replication_port': port,
                     'meta': ''})
    builder.rebalance()
    builder.get_ring().save('%s/%s.ring.gz' % (directory, name))


for pair in sys.argv[3:]:
    ring, number = pair.split(':')
    make_ring(sys.argv[1], sys.argv[2], ring, int(number))
