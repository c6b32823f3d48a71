"""How kernels are compiled.

What only one or two places call is ``inlined``: numba then compiles it with its caller alone, and not by itself and
again in every kernel above. That is most of what compiling costs.
"""

from __future__ import annotations

from numba import njit

#: kept on disk, without the interpreter's lock, and without a test for 0 before every division
kernel = njit(cache=True, nogil=True, error_model="numpy")
#: the same, called by kernels alone, so that nothing is compiled that unpacks Python's arguments
part = njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
#: a part of its callers
inlined = njit(inline="always")
forced = njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
