"""Files that users bring: meshes, images, volumes, occupancies, cameras, snapshots; read as a stranger's, never run."""
