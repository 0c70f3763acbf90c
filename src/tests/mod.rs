//! Integration tests: the real router behind a real socket, each on SQLite and on PostgreSQL.
//!
//! `make test` starts the PostgreSQL; by hand: `.ci/with-postgres cargo nextest run --test integration`.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should say where")]

#[macro_use]
mod harness;
#[macro_use]
mod rig;

mod accounts;
mod admin;
mod api;
mod auth_cookies;
mod backup;
mod block;
mod bounds;
mod config;
mod cors;
mod crash;
mod cross_site;
mod disabled;
mod engine;
mod erasure;
mod faults;
mod frame;
mod gone;
mod growth;
mod headers;
mod knowledge;
mod limits;
mod lost;
mod manual;
mod member;
mod model;
mod openapi;
mod openapi_sites;
mod people;
mod plain_chat;
mod plain_pages;
mod process;
mod programs;
mod proxy;
mod reply;
mod sessions;
mod site_command;
mod site_limits;
mod site_messages;
mod site_models;
mod sites;
mod socket;
mod start;
mod stream;
mod sweep;
mod throttle;
mod told;
mod uploads;
mod upstream;
mod usage;
mod visitor;
mod visitors;
mod widget_api;
