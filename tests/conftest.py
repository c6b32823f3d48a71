"""No test reads what another run left on disk, nor leaves anything; those of the cache name a folder of their own."""

import os

os.environ["NGPC_SIM_CACHE_MIB"] = "0"
