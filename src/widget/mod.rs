//! The bundle that other websites embed.
