"""Architecture, GPU, technology and SRAM files, read and checked."""
