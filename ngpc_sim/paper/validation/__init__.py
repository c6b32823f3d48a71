"""Every published number beside ours, with a verdict.

``runs`` simulates the frames, each once. ``answers`` computes our numbers from them. ``verdicts`` has the rule of the
verdicts. ``reasons`` says why ours differ, in the words of ``words``. ``table`` has the finished rows, ``pages`` the
files.
"""
