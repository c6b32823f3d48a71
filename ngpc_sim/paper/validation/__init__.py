"""Every published number beside ours: what the rows need is run once, answered, and given a verdict.

``runs`` which frames; ``answers`` from frames to numbers; ``reasons`` why ours differ; ``verdicts`` the rule;
``table`` the finished rows; ``pages`` the files.
"""
