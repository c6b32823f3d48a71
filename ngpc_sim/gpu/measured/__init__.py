"""The GPU of this machine, measured: kernels in WGSL, run through Vulkan, Metal or Direct3D 12 by wgpu.

Times are in ns. They come from the GPU's timestamps where it has them, else from the host's clock around a submission,
which a result says. Tensor cores cannot be reached from WGSL: what an MLP takes here is what it takes without them.
"""
