package org.edgeprune.hub;

/**
 * A file of a repository as the Hub describes it.
 *
 * @param name path in the repository
 * @param commit whose version of the file it is
 * @param checksum SHA-256 of the contents (64 hex digits), or for small files their git blob id (40): the name of the
 *     blob
 * @param size in bytes
 */
record HubFile(String name, String commit, String checksum, long size) {
    @Override
    public String toString() {
        return name;
    }
}
