/* schema.sql and schema_2.sql, compiled in by embed.py. */
#ifndef HOUSE_SCHEMA_H
#define HOUSE_SCHEMA_H

extern const char schema_sql[], schema_2_sql[];

#endif
