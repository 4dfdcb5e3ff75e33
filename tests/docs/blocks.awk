# blocks.awk - cut the fenced blocks out of a page of Markdown: each into a file `out/LINE`, and a row "LINE INFO" for it.
/^```/ && !inside { inside = 1; line = FNR; info = substr($0, 4); file = out "/" line; printf "" > file; next }
/^```/ { inside = 0; close(file); print line, info; next }
inside { print > file }
END { if (inside) print line, "unfinished" }
