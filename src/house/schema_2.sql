-- Roles: who may speak, who moderates, who stays out.

-- seating.c, as before, with what a ticket says and why. No seat is anybody's while the layout changes.
DROP TABLE seat;
CREATE TABLE seat (
    room        BLOB NOT NULL,
    number      INTEGER NOT NULL,
    leaf        INTEGER NOT NULL,
    account     BLOB NOT NULL REFERENCES account (key),
    alias       TEXT,             -- a pseudonym's; NULL: it sits under its handle
    invited     INTEGER NOT NULL, -- a moderator or the charter lets it speak
    wants       INTEGER NOT NULL, -- it wants to speak
    moderates   INTEGER NOT NULL,
    role        INTEGER NOT NULL, -- of its tickets
    fingerprint BLOB NOT NULL,    -- of the certificate that its tickets are bound to
    lost        INTEGER NOT NULL, -- 1: still a leaf, but nobody's
    PRIMARY KEY (room, number, leaf),
    FOREIGN KEY (room, number) REFERENCES gathering (room, number) ON DELETE CASCADE
) STRICT;

-- standing.c. What moderators said of accounts beside the charter: they come and go, and it stays as long as the group.
CREATE TABLE standing (
    room      BLOB NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    account   BLOB NOT NULL REFERENCES account (key),
    speaks    INTEGER, -- NULL: as the charter says
    moderates INTEGER,
    PRIMARY KEY (room, account)
) STRICT;

-- standing.c. Who takes no seat any more: under its own name, or under a pseudonym (attack F20).
CREATE TABLE barred (
    room    BLOB NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    account BLOB NOT NULL REFERENCES account (key),
    alias   INTEGER NOT NULL, -- 1: its pseudonyms, 0: all of it
    PRIMARY KEY (room, account, alias)
) STRICT;

-- social.c. Until it is taken back.
CREATE TABLE follow (
    follower BLOB NOT NULL REFERENCES account (key),
    followed BLOB NOT NULL REFERENCES account (key),
    PRIMARY KEY (follower, followed)
) STRICT;

-- social.c. Whom a moderator let in.
CREATE TABLE admitted (
    room    BLOB NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    account BLOB NOT NULL REFERENCES account (key),
    PRIMARY KEY (room, account)
) STRICT;

-- rooms.c. Private rooms are found by their link alone.
ALTER TABLE room ADD COLUMN listed INTEGER NOT NULL DEFAULT 1;
