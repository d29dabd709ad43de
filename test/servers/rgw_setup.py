"""rgw_setup.py - what test/servers/rgw asks of Ceph's monitor.

    rgw_setup.py CONF new-osd UUID       register the OSD, make RGW's pools
    rgw_setup.py CONF wait-osd           until the OSD is up and in
    rgw_setup.py CONF edit-zone REGION ZONEGROUP ZONE DIR
                                         add the region's name and the storage
                                         classes: DIR/zonegroup.json, zone.json

One session for all commands: every call of the `ceph` program would cost a
fifth of a second.
"""
import json
import sys
import time

import rados

DEADLINE = 30
POOLS = ('.rgw.root', 'default.rgw.control', 'default.rgw.meta',
         'default.rgw.log', 'default.rgw.buckets.index',
         'default.rgw.buckets.data', 'default.rgw.buckets.non-ec')
CLASSES = ('STANDARD_IA', 'ONEZONE_IA', 'REDUCED_REDUNDANCY', 'GLACIER',
           'INTELLIGENT_TIERING', 'GLACIER_IR', 'DEEP_ARCHIVE')


def connect(conf):
    cluster = rados.Rados(conffile=conf, name='client.admin')
    cluster.connect(timeout=DEADLINE)
    return cluster


def command(cluster, prefix, **arguments):
    arguments.update(prefix=prefix, format='json')
    code, out, err = cluster.mon_command(json.dumps(arguments), b'')
    if code < 0:
        sys.exit('monitor command "%s": %d %s' % (prefix, code, err))
    return json.loads(out) if out.strip() else None


def new_osd(cluster, uuid):
    command(cluster, 'osd new', uuid=uuid)
    for pool in POOLS:      # radosgw would make them one by one, waiting
        command(cluster, 'osd pool create', pool=pool, pg_num=1, pgp_num=1,
                size=1, autoscale_mode='off', yes_i_really_mean_it=True)
        command(cluster, 'osd pool application enable', pool=pool, app='rgw')


def wait_osd(cluster):
    end = time.monotonic() + DEADLINE
    while True:
        state = command(cluster, 'osd stat')
        state = state.get('osdmap', state)      # Ceph 14 wraps it
        if state.get('num_up_osds') and state.get('num_in_osds'):
            return
        if time.monotonic() > end:
            sys.exit('the OSD did not come up in %d s' % DEADLINE)
        time.sleep(0.05)


def read_json(path):
    """Parse what radosgw-admin printed; warnings may stand before it."""
    with open(path, encoding='utf-8') as file:
        text = file.read()
    return json.loads(text[text.index('{'):])


def edit_zone(region, zonegroup_path, zone_path, directory):
    zonegroup, zone = read_json(zonegroup_path), read_json(zone_path)
    zonegroup['api_name'] = region
    for target in zonegroup['placement_targets']:
        target['storage_classes'] = ['STANDARD', *CLASSES]
    for placement in zone['placement_pools']:
        for name in CLASSES:
            placement['val']['storage_classes'][name] = {
                'data_pool': 'default.rgw.buckets.data'}
    for name, value in (('zonegroup', zonegroup), ('zone', zone)):
        with open('%s/%s.json' % (directory, name), 'w', encoding='utf-8') as file:
            json.dump(value, file)


def main(conf, what, *arguments):
    if what == 'new-osd':
        new_osd(connect(conf), *arguments)
    elif what == 'wait-osd':
        wait_osd(connect(conf))
    elif what == 'edit-zone':
        edit_zone(*arguments)
    else:
        sys.exit('unknown command "%s"' % what)


main(*sys.argv[1:])
