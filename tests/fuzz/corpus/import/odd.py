m.AddFile("/a\
", """x""", [{(
m.AddFolder("/", "r")