-- Functions of the extension act with their caller's rights: EXECUTE stays with PUBLIC, and so does the use of the schema.
GRANT USAGE ON SCHEMA @extschema@ TO PUBLIC;
