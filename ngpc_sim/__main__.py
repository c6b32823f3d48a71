"""``python -m ngpc_sim`` is the command ``ngpc-sim``."""

from ngpc_sim.cli import main

if __name__ == "__main__":
    main()
