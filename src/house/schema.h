/* schema.sql, schema_2.sql and schema_3.sql, compiled in by embed.py. */
#ifndef HOUSE_SCHEMA_H
#define HOUSE_SCHEMA_H

extern const char schema_sql[], schema_2_sql[], schema_3_sql[];

#endif
