-- A webhook whose address names no attempt is matched by the line's own id, whoever sent it.
CREATE INDEX attempts_sid ON attempts (provider_sid) WHERE provider_sid IS NOT NULL;
