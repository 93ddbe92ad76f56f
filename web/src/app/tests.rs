mod forms;
mod sessions;
