#include "model/login.h"

const struct shape login_shape = SHAPE(struct login, "session",
    FIELD(struct login, id, OUT),
    FIELD(struct login, created_at, OUT),
    FIELD(struct login, last_used_at, OUT),
    FIELD(struct login, expires_at, OUT),
    FIELD(struct login, agent, OUT, .about = "The browser and its system, or the program"),
    FIELD(struct login, network, OUT, .about = "The network it was last used from"),
    FIELD(struct login, current, OUT, .about = "The session that asks"));
