"""docs/performance.md"""


def write(root, results, is_check):
    raise NotImplementedError
