//! The gateway: see `ARCHITECTURE.md`.
