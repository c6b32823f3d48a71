"""Notes: what has to be known of the numbers of a run, sentence by sentence, each with its figures and its source."""
