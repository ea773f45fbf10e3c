"""All that a worker needs, loaded before the first is forked; the process that has loaded it ends with its parent."""

import gc
import signal

import profile_api.app
import profile_api.workers  # noqa: F401

signal.signal(signal.SIGTERM, signal.SIG_IGN)  # its workers end first, and answer what is under way
gc.freeze()  # a collection in a worker would copy every page
