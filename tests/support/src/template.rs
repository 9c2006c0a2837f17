//! Databases on a server: the migrations run once a process, and each test gets a copy of what they made.

use fupan::store::{self, Store};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use tokio::sync::OnceCell;

/// A database that is migrated and never written to.
#[derive(Debug)]
struct Template {
    name: String,
    /// What makes the same in another database of MariaDB; PostgreSQL copies by itself.
    statements: String,
}

static TEMPLATE: OnceCell<Template> = OnceCell::const_new();

fn new_name() -> String {
    format!("fupan_{}", uuid::Uuid::now_v7().simple())
}

fn url_of(server: &str, name: &str) -> String {
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}

/// The URL of a new database with the schema in it.
pub async fn copied(server: &str) -> String {
    let template = TEMPLATE.get_or_init(|| Box::pin(made(server))).await;
    if server.starts_with("mysql") {
        let url = empty(server).await;
        let copy = Database::connect(&url).await.unwrap();
        copy.execute_unprepared(&template.statements).await.unwrap();
        copy.close().await.unwrap();
        return url;
    }
    let name = new_name();
    let connection = Database::connect(server).await.unwrap();
    let copy = format!("CREATE DATABASE {name} TEMPLATE {} STRATEGY FILE_COPY", template.name);
    connection.execute_unprepared(&copy).await.unwrap();
    connection.close().await.unwrap();
    url_of(server, &name)
}

/// The URL of a new database without a schema.
pub async fn empty(server: &str) -> String {
    let name = new_name();
    let charset = if server.starts_with("mysql") { " CHARACTER SET utf8mb4" } else { "" };
    let connection = Database::connect(server).await.unwrap();
    connection.execute_unprepared(&format!("CREATE DATABASE {name}{charset}")).await.unwrap();
    connection.close().await.unwrap();
    url_of(server, &name)
}

async fn made(server: &str) -> Template {
    let url = empty(server).await;
    let name = url.rsplit('/').next().unwrap_or_default().to_owned();
    let store = Store::open(&url).await.unwrap();
    store::migrate::up(&store).await.unwrap();
    store.close().await.unwrap();
    let mut statements = String::new();
    if server.starts_with("mysql") {
        let connection = Database::connect(&url).await.unwrap();
        statements = statements_of(&connection, &name).await;
        connection.close().await.unwrap();
    }
    Template { name, statements }
}

/// One text of many statements: a round trip for each table would cost more than the tables.
async fn statements_of(connection: &DatabaseConnection, name: &str) -> String {
    let rows = async |sql: String| {
        connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await.unwrap()
    };
    let mut all = "SET foreign_key_checks = 0;\n".to_owned();
    for table in rows("SHOW TABLES".to_owned()).await {
        let table: String = table.try_get_by_index(0).unwrap();
        let made: String = rows(format!("SHOW CREATE TABLE `{table}`")).await[0].try_get_by_index(1).unwrap();
        all.push_str(&made);
        all.push_str(";\n");
        if !rows(format!("SELECT 1 FROM `{table}` LIMIT 1")).await.is_empty() {
            all.push_str(&format!("INSERT INTO `{table}` SELECT * FROM `{name}`.`{table}`;\n"));
        }
    }
    all.push_str("SET foreign_key_checks = 1;\n");
    all
}
