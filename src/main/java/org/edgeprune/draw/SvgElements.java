package org.edgeprune.draw;

import java.io.StringWriter;
import java.util.Locale;
import java.util.regex.Pattern;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/** Elements, attributes and text of an SVG picture, escaped by StAX. Coordinates are points with y downwards. */
final class SvgElements {
    static final String FONT = "'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif";

    /** Characters that XML 1.0 cannot contain, not even as a reference. */
    private static final Pattern NOT_XML =
            Pattern.compile("[^\\t\\n\\r\\x20-\\x{d7ff}\\x{e000}-\\x{fffd}\\x{10000}-\\x{10ffff}]");

    private final StringWriter out = new StringWriter();
    private final XMLStreamWriter xml;

    SvgElements() {
        try {
            // the JDK's own: another implementation on the class path could write other bytes
            xml = XMLOutputFactory.newDefaultFactory().createXMLStreamWriter(out);
        } catch (XMLStreamException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Starts an element, whose attributes follow. */
    SvgElements open(String name) {
        return write(() -> xml.writeStartElement(name));
    }

    /** Ends the innermost element that is open. */
    SvgElements close() {
        return write(xml::writeEndElement);
    }

    /** An element without content, whose attributes follow. */
    SvgElements empty(String name) {
        return write(() -> xml.writeEmptyElement(name));
    }

    /** An attribute of the element that was just started; characters that XML cannot contain become U+FFFD. */
    SvgElements set(String name, String value) {
        return write(() -> xml.writeAttribute(name, held(value)));
    }

    /** An attribute that is a coordinate or a size, to a tenth of a point. */
    SvgElements set(String name, double value) {
        return set(name, number(value));
    }

    /** Text inside the innermost open element; characters that XML cannot contain become U+FFFD. */
    SvgElements text(String text) {
        return write(() -> xml.writeCharacters(held(text)));
    }

    /** A line break in the file, which is not visible in the picture. */
    SvgElements newLine() {
        return text("\n");
    }

    /** What has been written so far. */
    @Override
    public String toString() {
        write(xml::flush);
        return out.toString();
    }

    /** A coordinate to a tenth of a point. */
    static String number(double value) {
        return rounded(value, 10);
    }

    /** A coordinate to a hundredth of a point, for curves with a smooth slope. */
    static String fine(double value) {
        return rounded(value, 100);
    }

    private static String rounded(double value, int parts) {
        double rounded = Math.round(value * parts) / (double) parts;
        return rounded == Math.rint(rounded) ? Long.toString((long) rounded) : Double.toString(rounded);
    }

    /** A colour 0xRRGGBB as {@code #rrggbb}. */
    static String colour(int rgb) {
        return String.format(Locale.ROOT, "#%06x", rgb);
    }

    private static String held(String text) {
        return NOT_XML.matcher(text).replaceAll("\ufffd");
    }

    private SvgElements write(Step step) {
        try {
            step.run();
        } catch (XMLStreamException e) {
            throw new IllegalStateException(e); // writing to memory does not fail
        }
        return this;
    }

    private interface Step {
        void run() throws XMLStreamException;
    }
}
