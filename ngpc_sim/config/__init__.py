"""What everything stands on: errors, units, YAML files to checked models, plug-in classes, bundled folders."""
