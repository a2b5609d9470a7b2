-- What people call the file that an import read, so that they know it again in a list.
ALTER TABLE imports ADD COLUMN file text CHECK (length(file) <= 255);
