"""Claude as a blind judge of a run: of two answers, which is more like the person's own writing?"""
