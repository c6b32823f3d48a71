"""Charts of rows: a file a chart, over scenes, panels and a canvas; matplotlib enters here."""
