/* schema.sql, compiled in by embed.py. */
#ifndef HOUSE_SCHEMA_H
#define HOUSE_SCHEMA_H

extern const char schema_sql[];

#endif
