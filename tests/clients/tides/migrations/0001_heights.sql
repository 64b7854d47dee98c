CREATE TABLE heights (at INTEGER PRIMARY KEY, height REAL NOT NULL);
INSERT INTO heights (at, height) VALUES (1, 2.5);
