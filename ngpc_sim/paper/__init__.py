"""The paper beside the simulator: validation, calibration, and the ladder between two architectures."""
