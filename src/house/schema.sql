-- What a house must not forget. Fits SQLite and, with BLOB as BYTEA, INTEGER as BIGINT and without STRICT,
-- PostgreSQL. Each table is named by one file of src/house alone. Times are milliseconds since 1970.

-- accounts.c
CREATE TABLE account (
    key      BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 32),
    handle   TEXT NOT NULL,
    skeleton TEXT NOT NULL UNIQUE
) STRICT;

-- rooms.c. All that follows dies with its room.
CREATE TABLE room (
    id             BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    charter        BLOB NOT NULL,
    signature      BLOB NOT NULL CHECK (length(signature) = 64),
    title          TEXT NOT NULL,
    maker          BLOB NOT NULL REFERENCES account (key),
    empty_since_ms INTEGER -- NULL while somebody sits in it
) STRICT;
CREATE INDEX room_by_maker ON room (maker);

-- delivery.c. A gathering is one table of a room: an MLS group at a time, whose messages have one order.
CREATE TABLE gathering (
    room     BLOB NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL,
    founding INTEGER NOT NULL, -- how often it was founded
    epoch    INTEGER NOT NULL,
    group_id BLOB,             -- NULL while nobody sits at it
    PRIMARY KEY (room, number)
) STRICT;

-- delivery.c. The commits of the last minute, as sent to the members.
CREATE TABLE handshake (
    room    BLOB NOT NULL,
    number  INTEGER NOT NULL,
    epoch   INTEGER NOT NULL, -- that the commit ended
    message BLOB NOT NULL,
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (room, number, epoch),
    FOREIGN KEY (room, number) REFERENCES gathering (room, number) ON DELETE CASCADE
) STRICT;

-- seating.c. Leaves of the committed tree, no others. What the relay knows them by is never stored.
CREATE TABLE seat (
    room    BLOB NOT NULL,
    number  INTEGER NOT NULL,
    leaf    INTEGER NOT NULL,
    account BLOB NOT NULL REFERENCES account (key),
    role    INTEGER NOT NULL,
    lost    INTEGER NOT NULL, -- 1: still a leaf, but nobody's
    PRIMARY KEY (room, number, leaf),
    FOREIGN KEY (room, number) REFERENCES gathering (room, number) ON DELETE CASCADE
) STRICT;
