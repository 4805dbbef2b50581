package org.edgeprune.hub;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.edgeprune.io.InputException;

/**
 * Proxies as curl and Python read them from the environment: {@code http_proxy}, {@code https_proxy}, {@code all_proxy}
 * and {@code no_proxy}, in lower case or, if that is not set, in upper case. {@code no_proxy} is a list of host names,
 * which include their subdomains, of {@code host:port}, or {@code *}.
 *
 * <p>The user and password of a proxy for https addresses are only sent if Java runs with
 * {@code -Djdk.http.auth.tunneling.disabledSchemes=}, as the launcher does.
 */
final class EnvironmentProxies extends ProxySelector {
    private final Map<String, URI> byScheme;
    private final List<String> direct;

    private EnvironmentProxies(Map<String, URI> byScheme, List<String> direct) {
        this.byScheme = byScheme;
        this.direct = direct;
    }

    /**
     * Reads the variables.
     *
     * @throws InputException if a variable is not the address of an HTTP proxy
     */
    public static EnvironmentProxies of(Map<String, String> environment) {
        Map<String, URI> proxies = new HashMap<>();
        for (String scheme : List.of("http", "https")) {
            Stream.of(scheme + "_proxy", "all_proxy")
                    .filter(name -> value(environment, name).isPresent())
                    .findFirst()
                    .ifPresent(name -> proxies.put(
                            scheme, address(name, value(environment, name).get())));
        }
        List<String> direct = value(environment, "no_proxy")
                .map(list -> Arrays.stream(list.split("[,\\s]+"))
                        .filter(entry -> !entry.isEmpty())
                        .map(entry -> entry.toLowerCase(Locale.ROOT).replaceFirst("^\\*?\\.", ""))
                        .toList())
                .orElse(List.of());
        return new EnvironmentProxies(Map.copyOf(proxies), direct);
    }

    private static Optional<String> value(Map<String, String> environment, String name) {
        return Stream.of(name, name.toUpperCase(Locale.ROOT))
                .map(environment::get)
                .filter(v -> v != null && !v.isBlank())
                .map(String::strip)
                .findFirst();
    }

    private static URI address(String variable, String text) {
        try {
            URI uri = URI.create(text.contains("://") ? text : "http://" + text);
            if ("http".equalsIgnoreCase(uri.getScheme()) && Addresses.web(uri).isPresent()) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            // reported below, without the address, which may hold a password
        }
        throw new InputException(
                variable + " is not the address of an HTTP proxy (http://host:port); correct it or unset it");
    }

    @Override
    public List<Proxy> select(URI uri) {
        URI proxy = byScheme.get(uri.getScheme().toLowerCase(Locale.ROOT));
        return proxy == null || isDirect(uri)
                ? List.of(Proxy.NO_PROXY)
                : List.of(new Proxy(
                        Proxy.Type.HTTP, InetSocketAddress.createUnresolved(proxy.getHost(), port(proxy, 80))));
    }

    private boolean isDirect(URI uri) {
        String host = uri.getHost().toLowerCase(Locale.ROOT);
        String withPort = host + ":" + port(uri, uri.getScheme().equalsIgnoreCase("https") ? 443 : 80);
        return direct.stream()
                .anyMatch(entry -> entry.equals("*")
                        || host.equals(entry)
                        || withPort.equals(entry)
                        || host.endsWith("." + entry)
                        || withPort.endsWith("." + entry));
    }

    private static int port(URI uri, int otherwise) {
        return uri.getPort() < 0 ? otherwise : uri.getPort();
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {
        // the request fails with the same exception
    }

    /** The {@code Proxy-Authorization} for an address, if its proxy's address has a user and password. */
    Optional<String> authorization(URI uri) {
        URI proxy = byScheme.get(uri.getScheme().toLowerCase(Locale.ROOT));
        return proxy == null || proxy.getRawUserInfo() == null || isDirect(uri)
                ? Optional.empty()
                : Optional.of("Basic " + Base64.getEncoder().encodeToString(decoded(proxy.getRawUserInfo())));
    }

    private static byte[] decoded(String userInfo) {
        return URLDecoder.decode(userInfo.replace("+", "%2B"), StandardCharsets.UTF_8)
                .getBytes(StandardCharsets.UTF_8);
    }
}
