"""Makes a C string of a text file: embed.py FILE NAME OUT."""
import sys

source, name, out = sys.argv[1:]
with open(source, encoding="utf-8") as text, open(out, "w", encoding="utf-8") as c:
    c.write('#include "house/schema.h"\n\nconst char %s[] =\n' % name)
    for line in text:
        c.write('    "%s\\n"\n' % line.rstrip("\n").replace("\\", "\\\\").replace('"', '\\"'))
    c.write("    ;\n")
