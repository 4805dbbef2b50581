package org.edgeprune.hub;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Optional;

/** Addresses from outside: from the answer of a server or from an environment variable. */
final class Addresses {
    private static final int LAST_PORT = 65_535;

    private Addresses() {}

    /** The address if it is an http or https address with a host and, if it names one, a valid port. */
    static Optional<URI> web(URI uri) {
        String scheme = uri.getScheme();
        boolean web = "http".equalsIgnoreCase(scheme) || "https".equalsIgnoreCase(scheme);
        boolean port = uri.getPort() == -1 || (uri.getPort() >= 1 && uri.getPort() <= LAST_PORT);
        return web && uri.getHost() != null && port ? Optional.of(uri) : Optional.empty();
    }

    /** The same for a text. */
    static Optional<URI> web(String text) {
        try {
            return web(new URI(text));
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }

    /** Where a redirect from an address leads, if that is an http or https address. */
    static Optional<URI> redirected(URI from, String location) {
        try {
            return web(from.resolve(new URI(location)));
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }

    /** Whether scheme, host and port are the same. */
    static boolean sameHost(URI one, URI other) {
        return one.getScheme().equalsIgnoreCase(other.getScheme())
                && one.getAuthority().equalsIgnoreCase(other.getAuthority());
    }

    /** An address for messages: without user, password and query, which may hold secrets. */
    static String shown(URI uri) {
        String port = uri.getPort() < 0 ? "" : ":" + uri.getPort();
        return uri.getScheme() + "://" + uri.getHost() + port + uri.getRawPath();
    }
}
