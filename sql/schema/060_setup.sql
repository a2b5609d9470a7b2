-- One-time links with which somebody sets their first password.
CREATE TABLE setup_links (
    token_hash  text PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);
COMMENT ON TABLE setup_links IS 'Made by the operator''s command alone; the link itself is kept nowhere, only its hash.';
