import collections

words = collections.Counter(TEXT.split())
RESULT = " ".join(f"{word}:{n}" for word, n in sorted(words.items()))
