DEFINITIONS: dict = __import__("collections").defaultdict(dict)
