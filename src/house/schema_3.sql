-- words.c. What a room's moderators have said: signed statements, in the order in which commits brought them. Who founds the table again
-- begins with them.
CREATE TABLE word (
    room      BLOB NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    place     INTEGER NOT NULL, -- in the list, from 0
    statement BLOB NOT NULL,
    PRIMARY KEY (room, place)
) STRICT;
