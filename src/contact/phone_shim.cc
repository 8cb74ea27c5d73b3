/*
 * phone_shim.cc: the numbering plans of every country, from libphonenumber, for phone_fn.c. Built into crmseg_phone.so.
 *
 * No function lets an exception out, because the server's errors jump over C++ frames and the other way round; none calls the server.
 */
#include "contact/phone_shim.h"

#include <cstring>
#include <string>

#include <phonenumbers/logger.h>
#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace {

// libphonenumber says on stderr what it could not parse: that is personal data in the server's log.
class SilentLogger : public i18n::phonenumbers::Logger {
 public:
	void WriteMessage(const std::string &) override {}
};

const PhoneNumberUtil &util()
{
	static const PhoneNumberUtil *instance = [] {
		const PhoneNumberUtil *made = PhoneNumberUtil::GetInstance();
		PhoneNumberUtil::GetInstance()->SetLogger(new SilentLogger);
		return made;
	}();
	return *instance;
}

// Why a number that could be read is not a valid one.
phone_status why_invalid(const PhoneNumber &number)
{
	switch (util().IsPossibleNumberWithReason(number)) {
		case PhoneNumberUtil::INVALID_COUNTRY_CODE: return PHONE_INVALID_COUNTRY_CODE;
		case PhoneNumberUtil::TOO_SHORT: return PHONE_TOO_SHORT;
		case PhoneNumberUtil::TOO_LONG: return PHONE_TOO_LONG;
		case PhoneNumberUtil::IS_POSSIBLE_LOCAL_ONLY: return PHONE_LOCAL_ONLY;
		default: return PHONE_INVALID_NUMBER;
	}
}

phone_status parse(const std::string &text, const std::string &region, PhoneNumber *number)
{
	switch (util().Parse(text, region, number)) {
		case PhoneNumberUtil::NO_PARSING_ERROR: break;
		case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR: return PHONE_INVALID_COUNTRY_CODE;
		case PhoneNumberUtil::TOO_SHORT_AFTER_IDD:
		case PhoneNumberUtil::TOO_SHORT_NSN: return PHONE_TOO_SHORT;
		case PhoneNumberUtil::TOO_LONG_NSN: return PHONE_TOO_LONG;
		default: return PHONE_NOT_A_NUMBER;
	}
	return util().IsValidNumber(*number) ? PHONE_OK : why_invalid(*number);
}

// A number of nothing but digits and the usual separators, without the latter. Reading the rest of the world's ways costs as much again.
struct Plain {
	bool plain = true;
	bool plus = false;
	std::string digits;

	explicit Plain(const std::string &text)
	{
		for (size_t i = 0; i < text.size(); i++) {
			const char c = text[i];
			if (c >= '0' && c <= '9')
				digits += c;
			else if (c == '+' && !plus && digits.empty())
				plus = true;
			else if (text.compare(i, 2, "\xC2\xA0") == 0)
				i++;
			else if (c != ' ' && c != '.' && c != '-' && c != '(' && c != ')' && c != '\t')
				plain = false;
		}
	}
	std::string text() const { return (plus ? "+" : "") + digits; }
};

// Country code and trunk prefix of the region asked for last: a file has numbers of one region.
struct Region {
	std::string code;
	int country_code = 0;
	std::string prefix;

	void set(const char *wanted)
	{
		if (code == wanted)
			return;
		country_code = util().GetCountryCodeForRegion(wanted);
		prefix.clear();
		if (country_code != 0)
			util().GetNddPrefixForRegion(wanted, true, &prefix);
		code = wanted;
	}
};

// The frequent cases without Parse(), which takes two thirds of the time: + and a whole number, or 0 and a whole number in a region
// whose trunk prefix is 0. Says yes only to a number that is valid; test/sql/phone.sql compares it with Parse() in every region.
bool read_whole(const Plain &plain, const Region *region, std::string *normal)
{
	const std::string &digits = plain.digits;
	int country_code = 0;
	size_t begin = 0;
	PhoneNumber number;

	if (!plain.plain || digits.size() < PHONE_DIGITS_MIN || digits.size() > PHONE_DIGITS_MAX)
		return false;
	if (plain.plus) {
		std::string of_code;
		for (begin = 1; begin <= 3; begin++) {
			country_code = std::stoi(digits.substr(0, begin));
			util().GetRegionCodeForCountryCode(country_code, &of_code);
			if (of_code != "ZZ")
				break;
		}
		if (begin > 3)
			return false;
	} else {
		if (region == nullptr || region->prefix != "0" || digits[0] != '0')
			return false;
		country_code = region->country_code;
		begin = 1;
	}
	if (digits[begin] == '0')
		return false;
	number.set_country_code(country_code);
	number.set_national_number(std::stoull(digits.substr(begin)));
	if (!util().IsValidNumber(number))
		return false;
	*normal = "+" + std::to_string(country_code) + digits.substr(begin);
	return normal->size() >= 1 + PHONE_DIGITS_MIN && normal->size() <= 1 + PHONE_DIGITS_MAX;
}

// The place of the first sign that is neither white space nor an opening parenthesis.
size_t first_sign(const std::string &text)
{
	size_t at = text.find_first_not_of(" \t\r\n(");
	return at == std::string::npos ? text.size() : at;
}

// Words for an extension that the library does not know, put into one that it does.
void translate_extension(std::string *text)
{
	static const char *const words[] = {"poste", "durchwahl"};

	for (const char *word : words) {
		std::string lower = *text;
		for (char &c : lower)
			if (c >= 'A' && c <= 'Z')
				c += 'a' - 'A';
		const size_t at = lower.find(word);
		if (at != std::string::npos)
			text->replace(at, std::strlen(word), "ext");
	}
}

bool has_plus(const std::string &text)
{
	return text.find('+') != std::string::npos || text.find("\xEF\xBC\x8B") != std::string::npos;
}

}  // namespace

int crmseg_phone_shim_version(void)
{
	return PHONE_SHIM_VERSION;
}

phone_status crmseg_phone_read(const char *text, size_t len, const char *region, char *out, size_t *out_len)
{
	try {
		static Region dialled_from;
		const bool no_region = region[0] == '\0';
		std::string normal;
		PhoneNumber number;

		if (len > PHONE_WRITTEN_MAX)
			return PHONE_TOO_LONG;
		if (!no_region)
			dialled_from.set(region);
		if (!no_region && dialled_from.country_code == 0)
			return PHONE_UNKNOWN_REGION;
		std::string written(text, len);
		const Plain plain(written);
		if (read_whole(plain, no_region ? nullptr : &dialled_from, &normal)) {
			std::memcpy(out, normal.data(), normal.size());
			*out_len = normal.size();
			return PHONE_OK;
		}
		if (plain.plain)
			written = plain.text();
		else
			translate_extension(&written);
		phone_status status = parse(written, no_region ? "ZZ" : region, &number);
		const size_t begin = first_sign(written);
		// 00 is what most countries dial for the plus sign, and is written so in all of them
		if (status != PHONE_OK && written.compare(begin, 2, "00") == 0) {
			PhoneNumber other;
			const phone_status other_status = parse("+" + written.substr(begin + 2), "ZZ", &other);
			if (other_status == PHONE_OK || no_region) {
				status = other_status;
				number = other;
			}
		}
		else if (status == PHONE_INVALID_COUNTRY_CODE && no_region && !has_plus(written))
			status = PHONE_NO_REGION;
		if (status != PHONE_OK)
			return status;
		util().Format(number, PhoneNumberUtil::E164, &normal);
		if (normal.size() < 1 + PHONE_DIGITS_MIN)
			return PHONE_TOO_SHORT;
		if (normal.size() > 1 + PHONE_DIGITS_MAX || number.extension().size() > PHONE_EXTENSION_MAX)
			return PHONE_TOO_LONG;
		if (!number.extension().empty())
			normal += ";ext=" + number.extension();
		std::memcpy(out, normal.data(), normal.size());
		*out_len = normal.size();
		return PHONE_OK;
	} catch (...) {
		return PHONE_FAILED;
	}
}

phone_status crmseg_phone_ask(const char *normal, size_t len, phone_question question, char *out, size_t size, size_t *out_len)
{
	// in the order of PhoneNumberType
	static const char *const kinds[] = {"fixed_line", "mobile", "fixed_line_or_mobile", "toll_free", "premium_rate", "shared_cost",
		"voip", "personal", "pager", "uan", "voicemail", "unknown"};

	try {
		PhoneNumber number;
		std::string answer;

		if (util().Parse(std::string(normal, len), "ZZ", &number) != PhoneNumberUtil::NO_PARSING_ERROR) {
			*out_len = 0;
			if (question != PHONE_KIND)
				return PHONE_OK;
			answer = "unknown";
		} else if (question == PHONE_REGION) {
			util().GetRegionCodeForNumber(number, &answer);
			if (answer == "ZZ")
				answer.clear();
		} else if (question == PHONE_KIND) {
			const unsigned kind = util().GetNumberType(number);
			answer = kind < sizeof kinds / sizeof kinds[0] ? kinds[kind] : "unknown";
		} else
			util().Format(number, question == PHONE_NATIONAL ? PhoneNumberUtil::NATIONAL : PhoneNumberUtil::INTERNATIONAL, &answer);
		if (answer.size() > size)
			return PHONE_FAILED;
		std::memcpy(out, answer.data(), answer.size());
		*out_len = answer.size();
		return PHONE_OK;
	} catch (...) {
		return PHONE_FAILED;
	}
}
