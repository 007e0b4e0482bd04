RESULT = TEXT.upper()
