#pragma once

/* Message ids of the journal catalog (systemd/renewd.catalog). Never reuse or change one. */

#define MESSAGE_CERTIFICATE_ISSUED   "2d8a1c5b94e14f0f9b3a7d6e5c4b3a21"
#define MESSAGE_CERTIFICATE_DEPLOYED "7f1e2d3c4b5a49688776655443322110"
#define MESSAGE_ORDER_FAILED         "b0c9d8e7f6a54b3c8d2e1f0a9b8c7d6e"
#define MESSAGE_DEPLOY_FAILED        "5a4b3c2d1e0f4a9b8c7d6e5f4a3b2c1d"
#define MESSAGE_SERVED_WRONG         "91a2b3c4d5e6478f90a1b2c3d4e5f607"
#define MESSAGE_SERVED_WELL          "4e8f0b6d27c94a53b1d6e90f3c58a712"
#define MESSAGE_FILES_CHANGED        "3b8e0d4a6f1c4e7f9a25c1d07b64e89a"
#define MESSAGE_EXPIRES_SOON         "c3d2e1f0a9b84c7d8e6f5a4b3c2d1e0f"
#define MESSAGE_ACCOUNT_ACTION       "6c1d9e0f3b7a4d528e41f09a7b5c2d83"
#define MESSAGE_CERTIFICATE_IMPORTED "3b8e5d1f7c2a4e96a1d04f6b9c8e2a75"
#define MESSAGE_IMPORT_WANTED        "d94c7a2e6b1f4f03b8a5e2c19f7d6084"
#define MESSAGE_CONFIG_ERROR         "e4f5a6b7c8d94e0fa1b2c3d4e5f6a7b8"
