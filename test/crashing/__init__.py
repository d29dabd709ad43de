"""What test/crash consists of.

servers     PostgreSQL, Ceph RGW and Swift in one directory, and what kills them
cutter      a gate before an S3 server, which cuts connections in the middle of requests
names       objects: their names, their contents, and what a row may say of them
session     a session that works until it is told to stop, whatever is killed
changes     transactions of random changes
others      sessions beside: they drain, sync, end what is prepared
oracle      afterwards: do objects and committed rows agree?
"""
